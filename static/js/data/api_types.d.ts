// The shapes that the API sends and takes. Made by `make types` from its OpenAPI document: do not edit.

export type ActivationInfo = { letter: "i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h"; name: string; kind: "gate" | "candidate" | "state"; minimum: number | null; maximum: number | null };

export type ActivationStatistics = { layer: number; direction: "forward" | "backward"; activation: string; mean: number[]; standard_deviation: number[]; left_saturated?: number[] | null; right_saturated?: number[] | null };

export type Attribution = { step: number; output: string; log10_gradient: (number | null)[]; gradient_times_input: (number | null)[]; integrated_gradients: (number | null)[]; difference: number | null; gap: number | null; points: number };

export type BlockSpectrum = { block: string; largest_singular_value: number; spectral_radius: number };

export type BrokenModel = { id: string; reason: string };

export type CellInfo = { noun: string; panels: PanelInfo[]; carrier: string; keeps: string | null; couples: string | null; open_bias: boolean; recurrent_weights: boolean; line: "solid" | "dashed" | "dotted" | "dash-dotted" | "long-dashed" };

export type ChangedOutput = { output: number; name: string; probability: number; logit: number };

export type Column = { name: string; unit?: string; mean?: number; scale?: number };

export type Complaint = { where: string; what: string };

export type CostAnswer = { model: string; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; recurrent_parameters: number; multiply_adds: number; tensor_operations: number; steps: number; threads: number; times: EngineTime[] };

export type DecomposedOutput = { output: string; against: string | null; bias: number };

export type DecompositionAnswer = { layer: number; direction: "forward" | "backward"; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; model: string; steps: number; tokens: TokenInfo[]; state: "i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h"; columns: string[]; logit: DecomposedOutput | null; experiment: Experiment; amounts?: ((number | null)[])[] | TypedArray | null; remaining?: (number | null)[] | null; new?: (number | null)[] | null; shares?: ((number | null)[])[] | TypedArray | null; cancellation?: (number | null)[] | null; memory_weights?: ((number | null)[])[] | TypedArray | null; change?: ShareChange | null; effects?: number[] | null; per_unit?: DecompositionUnits | null; edits?: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; notes?: string[] };

export type DecompositionBody = { text?: string | null; values?: number[][] | { dtype: "f4" | "f8"; bdata: string; shape: string } | null; labels?: string[] | null; csv?: string | null; layer?: number | null; direction?: "forward" | "backward"; output?: number[] | null; parts?: ("amounts" | "remaining" | "new" | "shares" | "cancellation" | "memory_weights" | "change" | "effects")[] | null; source?: number | null; time?: number | null; edits?: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; encoding?: "numbers" | "base64" };

export type DecompositionUnits = { source: number | null; time: number | null; parts: ((number | null)[])[] | TypedArray; shares: ((number | null)[])[] | TypedArray | null; memory_weights: ((number | null)[])[] | TypedArray | null };

export type EngineTime = { engine: "ours" | "torch"; lower: number; median: number; upper: number; rounds: number };

export type Experiment = { letter: "i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h"; hold: number; layer: number; direction: "forward" | "backward" };

export type ExperimentAnswer = { model: string; steps: number; start: number; stop: number; tokens: TokenInfo[]; units: number[] | null; original: ExperimentRun; edited: ExperimentRun; difference: ExperimentDifference; edits: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; notes: string[] };

export type ExperimentBody = { text?: string | null; values?: number[][] | { dtype: "f4" | "f8"; bdata: string; shape: string } | null; labels?: string[] | null; csv?: string | null; layers?: number[] | null; start?: number; stop?: number | null; activations?: ("i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h")[] | null; units?: number[] | null; encoding?: "numbers" | "base64"; top?: number | null; edits?: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; pre_activations?: boolean };

export type ExperimentDifference = { layers: LayerDifference[]; outputs: OutputDifference };

export type ExperimentLikelyOutput = { output: number; name: string; probability: number; unedited?: number; logit: number };

export type ExperimentOutputs = { names: string[]; values: number[][] | TypedArray; top?: ExperimentLikelyOutput[][]; expected?: (number | null)[]; logits: number[][] | TypedArray };

export type ExperimentRun = { layers: LayerActivations[]; outputs: ExperimentOutputs };

export type Facts = { cells: Record<string, CellInfo>; comparisons: ("cells" | "text")[]; files: Record<string, string>; series: Record<string, string>; invisible: Invisible; max_text: number; longest_query: number; max_csv: number; page_entries: number; page_rows: number; alpha: [number, number]; weights: Record<"trained" | "untrained" | "forget1" | "start", WeightsInfo>; saturated: [number, number] };

export type Fit = { steps: number; of_one_layer?: number | null; limit: Limit | null };

export type GateSaturation = { activation: string; left: number[]; right: number[]; usual_left: number[] | null; usual_right: number[] | null };

export type Health = { status: string };

export type InputMemory = { log10_norms: ((number | null)[])[] | TypedArray; log10_medians: (number | null)[]; half_life: number | null };

export type Invisible = { pattern: string; blank: string; names: Record<string, string> };

export type LayerActivations = { layer: number; direction: "forward" | "backward"; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; activations: Record<string, number[][] | TypedArray> };

export type LayerDifference = { layer: number; direction: "forward" | "backward"; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; activations: Record<string, number[][] | TypedArray> };

export type LayerMemory = { layer: number; direction: "forward" | "backward"; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; states?: StateMemory | null; inputs?: InputMemory | null; log10_spectral?: (number | null)[] | null; log10_loss?: (number | null)[] | null; time_scales?: TimeScales | null; saturation?: GateSaturation[] | null; spectra?: BlockSpectrum[] | null };

export type Learning = { target: string | null; loss: number | null; log10_norm: number | null; log10_clipped: number | null; clip: number };

export type LikelyOutput = { output: number; name: string; probability: number; unedited?: number };

export type Limit = { setting: string; value: number; numbers: number; what: string };

export type LimitsAnswer = { model: string; steps: number; layers: number[]; trace: Fit; experiment: Fit; max_seconds: number; memory: MemoryFit; memory_parts: Record<"states" | "inputs" | "spectral" | "words" | "attribution" | "occlusion" | "loss" | "time_scales" | "saturation" | "spectra", MemoryFit>; decomposition: Fit | null; rankings: Record<"units" | "gates" | "words" | "patches", Fit> };

export type MemoryAnswer = { model: string; steps: number; start: number; stop: number; tokens: TokenInfo[]; alpha: number; weights: "trained" | "untrained" | "untrained, forget bias 1" | "untrained, as it started"; layers: LayerMemory[]; words?: WordMemory | null; attribution?: Attribution | null; occlusion?: Occlusion | null; learning?: Learning | null };

export type MemoryBody = { text?: string | null; values?: number[][] | { dtype: "f4" | "f8"; bdata: string; shape: string } | null; labels?: string[] | null; csv?: string | null; layers?: number[] | null; start?: number; stop?: number | null; parts?: ("states" | "inputs" | "spectral" | "words" | "attribution" | "occlusion" | "loss" | "time_scales" | "saturation" | "spectra")[] | null; alpha?: number; weights?: "trained" | "untrained" | "untrained, forget bias 1" | "untrained, as it started"; seed?: number; step?: number | null; output?: number | null; quantity?: "probability" | "logit"; target?: number | null; loss?: "last" | "every" | null; clip?: number; encoding?: "numbers" | "base64" };

export type MemoryFit = { steps: number; of_one_layer?: number | null; limit: Limit | null; seconds: number; in_time: number };

export type Metric = { name: string; value: number; standard_error: number; interval?: [number, number] | null; unit?: string; baselines?: Record<string, number>; seeds?: number[]; examples: number };

export type ModelCard = { id: string; title: string; task: string; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; layers: number; bidirectional: boolean; input: "text" | "numbers"; variant: "lstm" | "peephole lstm" | "gru" | "reset-before gru" | "rnn" | "relu rnn" | "coupled_lstm" | "mingru"; description: string; network: NetworkConfig; parameters: number; recurrent_parameters: number; activations: ActivationInfo[]; columns: Column[]; tokenizer: "word" | "character" | null; language: string; outputs: string[]; opposite: string; predicts_next: boolean; next_outputs: (number | null)[]; examples: string[]; metrics: Metric[]; units: NamedUnit[]; shares: ShareAgreement | null; licence: string; weights_sha256: string };

export type ModelList = { models: ModelSummary[]; broken: BrokenModel[] };

export type ModelSummary = { id: string; title: string; task: string; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; layers: number; bidirectional: boolean; input: "text" | "numbers" };

export type NamedUnit = { feature: string; layer: number; direction: "forward" | "backward"; activation: "i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h"; unit: number; sign: -1 | 1; measure: "r" | "AUC"; score: number; interval: [number, number]; untrained: number[]; close?: number | null; close_from?: number | null; probe?: number | null; untrained_probes?: number[]; texts: number; steps: number };

export type NetworkConfig = { cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; vocabulary_size?: number; embedding_size?: number; hidden_size?: number; outputs?: number; layers?: number; bidirectional?: boolean; bias?: boolean; nonlinearity?: "tanh" | "relu"; reset_after?: boolean; peepholes?: boolean; head?: "sigmoid" | "softmax"; input_size?: number };

export type Occlusion = { step: number; output: string; losses: (number | null)[] };

export type OutputDifference = { names: string[]; values: number[][] | TypedArray; logits: number[][] | TypedArray; top?: ChangedOutput[][] };

export type OutputNames = { model: string; count: number; offset: number; names: string[]; tokens: (number | null)[] };

export type PanelInfo = { letter: string; purpose: string };

export type ProblemDetails = { type: string; title: string; status: number; detail: string; errors?: Complaint[]; limit?: number | null };

export type RankedGroup = { size: number; effect: number; probability: number; random: number[] };

export type RankedOutput = { output: string; against: string | null; value: number; probability: number };

export type RankedPart = { letter: "i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h"; unit: number | null; step: number | null; effect: number; probability: number };

export type RankingAnswer = { layer: number; direction: "forward" | "backward"; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; model: string; kind: "units" | "gates" | "words" | "patches"; steps: number; tokens: TokenInfo[]; logit: RankedOutput; operations: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; parts: RankedPart[]; groups: RankedGroup[]; edits?: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; notes?: string[] };

export type RankingBody = { text?: string | null; values?: number[][] | { dtype: "f4" | "f8"; bdata: string; shape: string } | null; labels?: string[] | null; csv?: string | null; kind?: "units" | "gates" | "words" | "patches"; layer?: number | null; direction?: "forward" | "backward"; output?: number[] | null; letter?: "i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h" | null; to?: "zero" | "mean" | null; other?: string | null; other_values?: number[][] | { dtype: "f4" | "f8"; bdata: string; shape: string } | null; units?: number[] | null; steps?: number[] | null; by?: "size" | "rise" | "fall"; together?: number[] | null; edits?: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; draws?: number };

export type Readiness = { status: string; models: number; broken: number };

export type SeriesAnswer = { model: string; values: number[][]; labels: string[] | null; csv: string };

export type ShareAgreement = { texts: number; words: number; large: number; same_sign: number | null; same_sign_interval?: [number, number] | null; correlation: number; correlation_interval?: [number, number] | null };

export type ShareChange = { forgetting: ((number | null)[])[] | TypedArray; letting_out: ((number | null)[])[] | TypedArray };

export type StateMemory = { log10_norms: ((number | null)[])[] | TypedArray; log10_kept: ((number | null)[])[] | TypedArray | null };

export type Statistics = { steps: number; activations: ActivationStatistics[]; push_scale?: number | null };

export type StepAnswer = { step: number; token: TokenInfo; layers: StepLayer[]; outputs: number[]; top?: LikelyOutput[] };

export type StepLayer = { layer: number; direction: "forward" | "backward"; activations: Record<string, number[] | TypedArray> };

export type Summary = { mean: number[] | TypedArray; norm: number[] | TypedArray; greatest: number[] | TypedArray };

export type TimeScales = { activation: string; tau: (number | null)[]; ranking: number[]; along: ((number | null)[])[] | TypedArray };

export type TokenInfo = { text: string; start: number; end: number; id: number; known: boolean; read_as?: string | null };

export type TraceAnswer = { model: string; steps: number; start: number; stop: number; tokens: TokenInfo[]; units: number[] | null; layers: TraceLayer[]; outputs: TracedOutputs; read_norm?: number[] | TypedArray | null; edits?: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; notes?: string[] };

export type TraceBody = { text?: string | null; values?: number[][] | { dtype: "f4" | "f8"; bdata: string; shape: string } | null; labels?: string[] | null; csv?: string | null; layers?: number[] | null; start?: number; stop?: number | null; activations?: ("i" | "f" | "g" | "o" | "r" | "z" | "n" | "c" | "h")[] | null; units?: number[] | null; encoding?: "numbers" | "base64"; top?: number | null; edits?: ({ letter?: string; layer?: number; direction?: "forward" | "backward"; units?: number[] | string; steps?: number[] | string; sequences?: number[] | string; hold?: number | number[]; scale?: number | number[]; add?: number | number[]; ablate?: "zero" | "mean"; patch?: { text?: string; values?: number[][]; step?: number }; freeze?: true; couple?: true; swap?: string })[]; pre_activations?: boolean; directions?: ("forward" | "backward")[] | null; rows?: UnitRows | null; summary?: boolean };

export type TraceLayer = { layer: number; direction: "forward" | "backward"; cell: "lstm" | "gru" | "rnn" | "coupled_lstm" | "mingru"; hidden_size: number; activations: Record<string, number[][] | TypedArray>; units?: number[] | null; first?: number | null; summary?: Record<string, Summary> | null };

export type TracedOutputs = { names: string[]; values: number[][] | TypedArray; top?: LikelyOutput[][]; expected?: (number | null)[] };

export type TypedArray = { dtype: "f4"; bdata: string; shape: string };

export type UnitRows = { by?: "index" | "value" | "variance" | "similarity"; at?: number | null; start?: number; stop?: number | null; first?: number; count?: number; containing?: number | null };

export type WeightsInfo = { name: "trained" | "untrained" | "untrained, forget bias 1" | "untrained, as it started"; label: string };

export type WordMemory = { output: string | null; log10_norms: ((number | null)[])[] | TypedArray };

export type Model = Pick<ModelCard, "activations" | "bidirectional" | "cell" | "columns" | "description" | "examples" | "hidden_size" | "id" | "input" | "language" | "layers" | "opposite" | "outputs" | "predicts_next" | "task" | "title" | "tokenizer" | "units" | "variant"> & { weights_id: string; is_imported: boolean; leaves_head_out: boolean; top: number | null };
