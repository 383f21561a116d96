"""Recorded requests and addresses, and the tests that replay them.

Clients of the API, scripts that read saved models, and links that people have shared must go on working while the code
behind them changes. So the tests here know nothing of that code: of the package they import only `gatescope.main` and
`gatescope.settings`, and they compare what a server answers with `recordings/`, one file for each group of requests.

`models/` holds three small models with random weights, exactly as they were saved on the day of the recording. Between
them they have every field that a saved model can have: `words-lstm` (two layers, both directions, one output, named
units, statistics, card and picture), `words-rnn` (relu, float64, no biases, three outputs) and `letters-gru` (reset
before the product, predicts the next character, without a card). `broken` cannot be loaded. That the others can is part
of the test, so they are never saved again.

`compare.py` says what is compared and how closely, `record.py` how to record and when one may.
"""
