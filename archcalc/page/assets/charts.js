// The charts, drawn by Bokeh: counts of layers, memory over time, growth of the receptive field.

Bokeh.set_log_level("error");
const BLUE = "#0072b2";
const ORANGE = "#e69f00";
const charts = new Map(); // by element: what draws, and what it was made for

const isDark = matchMedia("(prefers-color-scheme: dark)");

function figure(options) {
  const ink = isDark.matches ? "#e6edf3" : "#1b1f24";
  const plot = Bokeh.Plotting.figure({
    height: 250, sizing_mode: "stretch_width", toolbar_location: null, tools: [], min_border_right: 12,
    background_fill_alpha: 0, border_fill_alpha: 0, outline_line_color: null, ...options,
  });
  for (const axis of [plot.xaxis, plot.yaxis].flat()) {
    axis.axis_label_text_color = axis.major_label_text_color = axis.axis_line_color = axis.major_tick_line_color = ink;
    axis.minor_tick_line_color = null;
  }
  const code = "const at = Math.max(0, Math.min(4, Math.floor(Math.log10(Math.abs(tick) || 1) / 3)));"
    + "return `${Number((tick / 1000 ** at).toPrecision(4))}${['', ' k', ' M', ' G', ' T'][at]}`;";
  for (const axis of [plot.yaxis].flat()) axis.formatter = new Bokeh.CustomJSTickFormatter({ code });
  for (const grid of plot.center) grid.grid_line_alpha = 0.25;
  plot.xgrid.visible = false;
  return plot;
}

// A chart that is made once and then given new columns; the text beside it says what it shows to whoever cannot see it.
function chart(element, key, make) {
  const known = charts.get(element);
  if (known && known.key === key) return known.source;
  element.replaceChildren();
  const source = new Bokeh.ColumnDataSource({ data: {} });
  charts.set(element, { key, source });
  const drawn = document.createElement("div");
  element.append(drawn);
  const plot = make(source);
  source.data = element.columns;
  Bokeh.Plotting.show(plot, drawn);
  return source;
}

function update(element, label, columns, key, make) {
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", label);
  element.columns = columns;
  const source = chart(element, key, make);
  if (source.data !== columns) source.data = columns;
}

function hover(...lines) {
  return new Bokeh.HoverTool({ tooltips: lines, mode: "mouse" });
}

const scale = { column: "macs", log: false };

function layerChart(one, element) {
  const layers = one.model.layers.map((layer, number) => ({ layer, number })).filter(({ layer }) => layer.head === null);
  const values = layers.map(({ number }) => one.count(scale.column, number, number));
  const kept = layers.map((_, place) => place).filter((place) => values[place] > 0n);
  const name = scale.column;
  const columns = {
    x: kept.map((place) => place),
    top: kept.map((place) => Number(values[place])),
    text: kept.map((place) => grouped(values[place])),
    path: kept.map((place) => layers[place].layer.path),
  };
  const label = `${name} of each layer`;
  update(element, label, columns, `${one.structure.number} ${name} ${scale.log} ${isDark.matches}`, (source) => {
    const plot = figure({ title: null, x_axis_label: "layer", y_axis_label: name, y_axis_type: scale.log ? "log" : "linear" });
    plot.vbar({ x: { field: "x" }, top: { field: "top" }, bottom: scale.log ? 0.5 : 0, width: 0.9, fill_color: BLUE, line_color: null, source });
    plot.add_tools(hover(["layer", "@path"], [name, "@text"]));
    return plot;
  });
}

function memoryChart(one, element) {
  if (one.timeline === null) {
    element.textContent = one.model.memory.refused;
    return;
  }
  const steps = one.timeline;
  const peak = one.peakStep;
  const columns = {
    x: steps.map((_, step) => step),
    top: steps.map(Number),
    text: steps.map(grouped),
    path: one.model.memory.steps.map((number) => one.model.layers[number].path),
    colour: steps.map((_, step) => (step === peak ? ORANGE : BLUE)),
  };
  const label = `bytes in memory while each layer runs; the peak is at ${columns.path[peak]}`;
  update(element, label, columns, `${one.structure.number} ${isDark.matches}`, (source) => {
    const plot = figure({ x_axis_label: "step at inference; orange is the peak", y_axis_label: "bytes in memory" });
    plot.vbar({ x: { field: "x" }, top: { field: "top" }, width: 1, fill_color: { field: "colour" }, line_color: null, source });
    plot.add_tools(hover(["while", "@path"], ["bytes", "@text"]));
    return plot;
  });
}

function fieldChart(one, element) {
  const seen = one.model.layers.map((layer, number) => ({ layer, size: one.field(number)?.at(-1)[0] }));
  const known = seen.filter(({ layer, size }) => layer.head === null && typeof size === "bigint");
  if (!known.length) {
    element.textContent = one.model.fields.refused;
    return;
  }
  const columns = {
    x: known.map((_, place) => place),
    y: known.map(({ size }) => Number(size)),
    text: known.map(({ size }) => grouped(size)),
    path: known.map(({ layer }) => layer.path),
  };
  update(element, "receptive field of each layer", columns, `${one.structure.number} ${isDark.matches}`, (source) => {
    const plot = figure({ x_axis_label: "layer", y_axis_label: "receptive field, pixels" });
    plot.step({ x: { field: "x" }, y: { field: "y" }, mode: "center", line_color: BLUE, line_width: 2, source });
    plot.scatter({ x: { field: "x" }, y: { field: "y" }, size: 5, fill_color: BLUE, line_color: null, source });
    plot.add_tools(hover(["layer", "@path"], ["pixels", "@text"]));
    return plot;
  });
}

const CHARTS = { layers: layerChart, memory: memoryChart, fields: fieldChart };

function drawCharts(all) {
  for (const element of document.querySelectorAll("[data-chart]")) {
    const one = all[Number(element.closest("[data-network]").dataset.network)];
    element.style.visibility = one.isRight ? "" : "hidden";
    if (one.isRight) CHARTS[element.dataset.chart](one, element);
  }
}

for (const box of document.querySelectorAll(".chart-settings")) {
  box.addEventListener("input", () => {
    scale.column = box.querySelector("select").value;
    scale.log = box.querySelector("input").checked;
    for (const other of document.querySelectorAll(".chart-settings")) {
      other.querySelector("select").value = scale.column;
      other.querySelector("input").checked = scale.log;
    }
    drawCharts(figures);
  });
}
isDark.addEventListener("change", () => drawCharts(figures));
