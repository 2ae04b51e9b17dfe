// Where numbers stand: elements say by their data what they show, and are filled anew when something is chosen.

const VIEWS = {
  cell: (one, data) => {
    const [column, first, last = first] = data.split(" ");
    return { value: one.count(column, +first, +last), text: () => `${column} = ${one.countText(column, +first, +last)}` };
  },
  shape: (one, data) => {
    const sizes = one.output(+data);
    const formulas = () => one.sizesOf(+data).map((size) => one.text(size));
    return { shown: sizes.join("x"), text: () => `output = ${formulas().join(" x ")}` };
  },
  field: (one, data) => {
    const axes = one.field(+data);
    if (!axes) return { shown: "" };
    const sizes = axes.map(([size]) => size);
    const equal = sizes.every((size) => size === sizes[0]);
    const formulas = one.fieldFormulas(+data).map(([size]) => (size === null ? "?" : one.text(size)));
    return { value: equal ? sizes[0] : undefined, shown: equal ? undefined : sizes.join("x"), text: () => `receptive field = ${formulas.join(" x ")}` };
  },
  live: (one, data) => {
    const step = one.model.memory.steps?.indexOf(+data) ?? -1;
    if (step < 0) return { shown: "" };
    const alive = () => one.tensors.filter((tensor) => tensor.made <= step && step <= tensor.last);
    return { value: one.timeline[step], text: () => `bytes in memory = ${one.tensorsText(alive())}` };
  },
  total: (one, data) => ({ value: one.total(data), text: () => `${data} = ${one.totalText(data)}` }),
  number: (one, data) => ({ shown: String(one.values[+data]), text: () => one.text(+data) }),
  formula: (one, data) => ({ shown: one.totalText(data) }),
  share: (one, data) => {
    if (one.unfollowed.length) return { shown: "" };
    const [device, column] = data.split(" ");
    const formula = one.model.partition.shares[device][column];
    return { value: one.values[formula], text: () => `device ${+device + 1}: ${one.text(formula)}` };
  },
  crossing: (one, data) => {
    if (one.unfollowed.length) return { shown: "" };
    const [formula] = one.model.partition.crossings[data];
    return { value: one.values[formula], text: () => `values: ${one.text(formula)}` };
  },
  moved: (one, data) => {
    if (one.unfollowed.length) return { shown: "" };
    const [formula, bits] = one.model.partition.crossings[data];
    return { value: bytesOf(one.values[formula], BigInt(bits ?? one.bits)), text: () => `bytes: ${one.bytesText([[formula, bits]])}` };
  },
};

// An element's view: which network, which kind, and what it needs; kept between redraws.
let views = new Map();
function collectViews() {
  views = new Map();
  for (const kind of Object.keys(VIEWS)) {
    for (const element of all(`[data-${kind}]`)) {
      const index = Number(element.closest("[data-network]").dataset.network);
      views.set(element, { element, kind, data: element.dataset[kind], index });
    }
  }
  for (const table of all("table.layers")) {
    const index = Number(table.closest("[data-network]").dataset.network);
    for (const row of table.tBodies[0].rows) {
      const [first, last, end] = row.dataset.layers.split(" ");
      const isLevel = row.classList.contains("level");
      const shows = [["shape", end], ...SHOWN.map((name) => ["cell", `${name} ${first} ${last}`])];
      if (!isLevel) shows.push(["field", first], ["live", first]);
      shows.forEach(([kind, data], place) => {
        const element = row.cells[2 + place];
        views.set(element, { element, kind, data, index, row });
      });
    }
  }
}

function shown(view) {
  const one = figures[view.index];
  if (!one.isRight) return { shown: "\u2013" };
  return VIEWS[view.kind](one, view.data);
}

// Rows that are folded away are filled in when they are seen, sorted or filtered: most of a long table is never looked at.
function show(view) {
  view.isStale = view.row?.hidden;
  if (!view.isStale) fill(view);
}

function fillStale() {
  for (const view of views.values()) {
    if (!view.isStale) continue;
    view.isStale = false;
    fill(view);
  }
  showFormulas();
}

function fill(view) {
  const found = shown(view);
  const raw = found.value ?? "";
  const text = found.shown ?? (found.value === null || found.value === undefined ? "" : grouped(found.value));
  if (view.last === text) return;
  view.last = text;
  const first = view.element.firstChild;
  if (first?.nodeType === Node.TEXT_NODE) first.nodeValue = text;
  else view.element.prepend(text);
  if (view.kind !== "formula") view.element.dataset.value = String(raw);
}

// One network's structure: its diagram, table and tensors are put in place when another one is chosen

function mount(index) {
  const one = figures[index];
  const section = find(`.network[data-network="${index}"] .structure`);
  if (!one.structure || section.dataset.structure === String(one.structure.number)) return false;
  const withFormulas = find(".with-formulas", section)?.checked;
  const first = one.network.structures[0];
  first.html ??= section.innerHTML; // as the file has it
  section.innerHTML = one.structure.html;
  section.dataset.structure = String(one.structure.number);
  section.classList.remove("filtering");
  find(".with-formulas", section).checked = withFormulas ?? false;
  archcalcTables(section);
  setUpTable(section);
  return true;
}

function redraw() {
  const start = performance.now();
  figures = networks.map((network, index) => new Figures(network, index));
  const changes = networks.map((_, index) => mount(index));
  if (changes.some(Boolean) || views.size === 0) collectViews();
  views.forEach(show);
  showFormulas(); // those in bytes change with the dtype
  const problems = figures.flatMap((one) => one.problems.map((problem) => (networks.length > 1 ? `${one.network.name}: ` : "") + problem));
  const told = find("#problems");
  told.hidden = problems.length === 0;
  told.textContent = [...new Set(problems)].join("; ");
  all("[data-ratio]").forEach(showRatio);
  figures.forEach(showAbout);
  figures.forEach(showPeak);
  figures.forEach(showUnfollowed);
  sortAgain();
  showField();
  drawChartsSoon();
  performance.clearMeasures("redraw");
  performance.measure("redraw", { start });
}

// What the network is, as it is set now
function showAbout(one, index) {
  if (!one.isRight) return;
  const inputs = one.model.inputs.map((_, place) => one.output(-1 - place).join("x")).join(", ");
  const menus = one.network.menus.filter((menu) => state.menus[index].has(menu.name));
  const numbers = one.network.sliders.filter(({ name }) => !["N", "D", "H", "W"].includes(name) && state.names.has(name));
  const set = [...menus.map((menu) => `${menu.name} = ${menuValue(index, menu)}`), ...numbers.map((slider) => `${slider.name} = ${valueOf(slider)}`)];
  const parts = [`input ${inputs}`, `batch ${one.given.get("N").numerator}`, state.dtype, ...set];
  find(`.network[data-network="${index}"] .about`).textContent = parts.join(", ");
}

// Rows that were sorted stay sorted by the new numbers.
function sortAgain() {
  if (!find(".archcalc.sorted")) return;
  fillStale();
  for (const root of all(".archcalc.sorted")) root.dispatchEvent(new Event("archcalc-sort"));
}

// Charts follow when a slider rests.
let resting;
function drawChartsSoon() {
  if (typeof drawCharts !== "function") return;
  clearTimeout(resting);
  resting = setTimeout(() => drawCharts(figures), charts.size ? 80 : 0);
}

function showRatio(element) {
  const [index, name] = element.dataset.ratio.split(" ");
  const [first, other] = [figures[0], figures[+index]];
  const [a, b] = first.isRight && other.isRight ? [first.total(name), other.total(name)] : [null, null];
  element.textContent = a && b !== null ? (Number((2000n * b + a) / (2n * a)) / 1000).toFixed(3) : "";
}

function showPeak(one, index) {
  const box = find(`.network[data-network="${index}"] .peak`);
  if (!box) return;
  if (!one.isRight || one.timeline === null) {
    box.textContent = one.isRight ? one.model.memory.refused : "";
    return;
  }
  const layer = one.model.layers[one.model.memory.steps[one.peakStep]];
  const list = one.atPeak.map((tensor) => `${tensor.name} ${grouped(tensor.bytes)}`).join(", ");
  box.textContent = `The peak is ${grouped(one.timeline[one.peakStep])} bytes, while ${layer.path} runs: ${list}.`;
}

function showUnfollowed(one, index) {
  const told = find(`.network[data-network="${index}"] .only`);
  if (!told || !one.isRight) return;
  const fixed = one.network.sliders.filter(({ name }) => one.model.partition.only.includes(name));
  const list = fixed.map(({ name, value }) => `${name} = ${value}`).join(", ");
  told.textContent = one.unfollowed.length ? `This plan is known for ${list} only.` : "";
}
