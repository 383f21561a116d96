"""Of a file of numbers, the page shows how much has come, and it can be cancelled."""

from playwright.sync_api import Download, Page, expect

from .driving import opened
from .zoo import TEXT, UNITS

LINES = 1 + len(TEXT.split()) * UNITS * 6  # of the CSV of an LSTM
CONTROLLED = """
const { fetch } = window;
window.fetch = async (address, options) => {
  if (options?.headers?.Accept !== "text/csv") return fetch(address, options);
  const start = (stream) => {
    window.come = (text) => stream.enqueue(new TextEncoder().encode(text));
    window.end = () => stream.close();
    options.signal.addEventListener("abort", () => stream.error(options.signal.reason));
  };
  return new Response(new ReadableStream({ start }));
};
"""  # the answer comes as the test says


def begun(page: Page, zoo: str) -> None:
    page.add_init_script(CONTROLLED)
    opened(page, f"{zoo}/?model=lstm")
    page.locator("#show-share").click()
    expect(page.locator("#share-busy")).to_be_hidden()
    page.locator("[data-save=csv]").click()
    expect(page.locator("#share-busy")).to_be_visible()


def test_what_has_come_of_a_file_is_shown_and_it_is_saved(page: Page, zoo: str) -> None:
    begun(page, zoo)
    bar = page.locator("#share-progress")
    assert bar.evaluate("(bar) => bar.position") == -1, "nothing is known yet"
    half = LINES // 2
    page.evaluate("([lines, wide]) => come(`${'x'.repeat(wide)}\\n`.repeat(lines))", [half, 20_000])
    expect(page.locator("#share-come")).to_have_text(f"{half * 20_001 / 1e6:.1f} MB so far")
    assert abs(bar.evaluate("(bar) => bar.position") - half / LINES) < 1e-9
    page.locator("[data-save=npz]").click()
    expect(page.locator("#share-status")).to_contain_text("Another file of numbers is on its way")
    with page.expect_download() as download:
        page.evaluate("end()")
    assert download.value.path().stat().st_size == half * 20_001
    expect(page.locator("#share-busy")).to_be_hidden()


def test_a_file_that_is_cancelled_is_not_saved(page: Page, zoo: str) -> None:
    begun(page, zoo)
    downloads: list[Download] = []
    page.on("download", lambda each: downloads.append(each))
    page.locator("#share-cancel").click()
    expect(page.locator("#share-status")).to_have_text("Cancelled: nothing was saved.")
    expect(page.locator("#share-busy")).to_be_hidden()
    assert downloads == []
