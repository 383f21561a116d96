"""The quick run: which tests and cases it takes, and that a slow mark says why."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _without_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run of pytest would import them anew."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


SUITE = """
    import pytest

    @pytest.mark.parametrize("x", range(5))
    def test_cases(x): pass

    @pytest.mark.parametrize("layers", [1, 2])
    @pytest.mark.parametrize("cell", "abcd")
    def test_cells(cell, layers): pass

    def test_one(): pass

    @pytest.mark.slow("trains a network", seconds=9)
    def test_slow(): pass

    @pytest.mark.soak("trains many networks")
    def test_soak(): pass

    @pytest.mark.attack("asks for a long time", seconds=9)
    def test_attack(length): pass

    @pytest.fixture
    def page(): pass

    def test_browser(page): pass
"""
QUICK_CELLS = ["a-1", "b-1", "c-1", "d-1", "d-2"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--quick"], ["test_cases[0]", "test_cases[4]", *(f"test_cells[{x}]" for x in QUICK_CELLS), "test_one"]),
        (
            [],
            [
                *(f"test_cases[{x}]" for x in range(5)),
                *(f"test_cells[{cell}-{layers}]" for cell in "abcd" for layers in (1, 2)),
                *("test_one", "test_slow", "test_attack", "test_browser[chromium]"),
            ],
        ),
        (["--soak"], ["test_soak", "test_attack"]),
    ],
    ids=["quick", "everything", "soak"],
)
def test_which_tests_run(pytester: pytest.Pytester, options: list[str], expected: list[str]) -> None:
    pytester.makepyfile(SUITE)
    listed = pytester.inline_run("-p", "quick", "-p", "playwright", "--collect-only", "-q", *options)
    items = listed.getcalls("pytest_collection_finish")[-1].session.items
    assert [item.name for item in items] == expected


@pytest.mark.parametrize("mark", ['slow("why")', "slow(seconds=3)", 'slow("why", second=3)', 'attack("why")', "soak()"])
def test_a_mark_without_its_reason_or_its_seconds_is_an_error(pytester: pytest.Pytester, mark: str) -> None:
    pytester.makepyfile(f"import pytest\n@pytest.mark.{mark}\ndef test_it(): pass")
    result = pytester.inline_run("-p", "quick", "--quick")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("options", [[], ["--soak"]], ids=["check", "soak"])
def test_attacks_are_a_twentieth_and_always_the_same_unless_they_soak(
    pytester: pytest.Pytester, options: list[str]
) -> None:
    part = 400 if options else 20
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.attack("why", seconds=1)
        def test_it(length):
            assert length.of(400) == {part} and length.of(3) == {3 if options else 1}
            assert (length.seed == 1) == {not options}
    """)
    pytester.inline_run("-p", "quick", *options).assertoutcome(passed=1)
