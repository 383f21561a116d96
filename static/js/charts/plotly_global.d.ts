/** The part that plotly.js uses of the global that plotly.min.js defines. */
declare namespace Plotly {
  /** One trace, in Plotly's sense: a heatmap of one activation. */
  type Data = { type: string; [attribute: string]: unknown };
  type Axis = { range: [number, number]; tickvals: number[]; ticktext: string[]; tickangle?: number; [attribute: string]: unknown };
  type Layout = {
    width: number;
    height: number;
    margin: { l: number; r: number; t: number; b: number };
    xaxis: Axis;
    yaxis: Axis;
    [attribute: string]: unknown;
  };
  type Config = Record<string, unknown>;

  function react(element: HTMLElement, data: Data[], layout: Layout, config: Config): Promise<HTMLElement>;
  function purge(element: HTMLElement): void;
}
