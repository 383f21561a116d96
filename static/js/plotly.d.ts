/** The part of Plotly.js that plot.js uses: the global that plotly.min.js defines. */
declare namespace Plotly {
  /** Plotly.js accepts typed arrays as they are, or base64 with the shape as a string such as "12, 64". */
  type Values = ArrayLike<unknown> | { dtype: string; bdata: string; shape?: string };

  /** One trace, in Plotly's sense: a heatmap of one activation. */
  type Data = { type: string; x?: Values; y?: Values; z?: Values; [attribute: string]: unknown };
  type Layout = Record<string, unknown>;
  type Config = Record<string, unknown>;

  /** A cell that the pointer is on. */
  interface Point {
    curveNumber: number;
    x: number;
    y: number;
    z: number;
  }

  interface PointEvent {
    points: Point[];
    event: MouseEvent;
  }

  /** The element once a plot stands in it. */
  interface Plot extends HTMLElement {
    data: Data[];
    layout: Layout;
    on(event: "plotly_click" | "plotly_hover" | "plotly_unhover", handler: (event: PointEvent) => void): this;
    on(event: "plotly_relayout", handler: (change: Layout) => void): this;
    on(event: "plotly_afterplot" | "plotly_doubleclick", handler: () => void): this;
    removeAllListeners(event: string): this;
  }

  interface Picture {
    format: "png" | "svg" | "jpeg" | "webp";
    width?: number;
    height?: number;
    scale?: number;
    filename?: string;
  }

  function newPlot(element: HTMLElement, data: Data[], layout?: Layout, config?: Config): Promise<Plot>;
  function react(element: HTMLElement, data: Data[], layout?: Layout, config?: Config): Promise<Plot>;
  function relayout(element: HTMLElement, change: Layout): Promise<Plot>;
  function restyle(element: HTMLElement, change: Record<string, unknown>, traces?: number[]): Promise<Plot>;
  function purge(element: HTMLElement): void;
  function toImage(element: HTMLElement, picture: Picture): Promise<string>;
  function downloadImage(element: HTMLElement, picture: Picture): Promise<string>;

  namespace Plots {
    function resize(element: HTMLElement): Promise<void>;
  }

  namespace Fx {
    function hover(element: HTMLElement, points: { curveNumber: number; pointNumber: [number, number] }[]): void;
    function unhover(element: HTMLElement): void;
  }
}
