// The page: what is chosen, every number for it, and where each one stands.

const networks = archcalcData.networks;
const DTYPES = new Map(Object.entries(archcalcData.dtypes));
// what differs from how the page begins; maps, for a let may be called like a property of every object
const state = { names: new Map(), menus: networks.map(() => new Map()), dtype: archcalcData.dtype };
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const COLUMNS = archcalcData.columns; // of every layer
const SHOWN = archcalcData.shown; // those that the table shows

// What is chosen

const slidersOf = (name) => networks.flatMap((network) => network.sliders).filter((slider) => slider.name === name);
const valueOf = (slider) => state.names.get(slider.name) ?? slider.value;
const menuValue = (index, menu) => state.menus[index].get(menu.name) ?? menu.values[0];

function structureOf(network, index) {
  const row = network.menus.map((menu) => menuValue(index, menu));
  return network.structures.find((structure) => structure.values.every((value, place) => value === row[place]));
}

function bitsOfDtype() {
  return BigInt(DTYPES.get(state.dtype));
}

// Numbers of one network

function sum(values) {
  return values.reduce((a, b) => a + b, 0n);
}

function bytesOf(numbers, bits) {
  return (numbers * bits + 7n) / 8n;
}

// The terms of a formula as it is printed, each a whole factor and the rest: 3*H*W - 7 is 3 of H*W and -7 of nothing.
const termsKnown = new Map();
function termsOf(text) {
  if (!termsKnown.has(text)) {
    const terms = [];
    let [depth, start, sign] = [0, 0, 1n];
    const end = (place) => {
      const [, minus, factor = "1", rest] = /^(-)?(?:(\d+)(?:\*(?!\*)|$))?(.*)$/s.exec(text.slice(start, place));
      terms.push([sign * BigInt(factor) * (minus ? -1n : 1n), rest]);
    };
    for (let place = 0; place < text.length; place += 1) {
      if (text[place] === "(") depth += 1;
      if (text[place] === ")") depth -= 1;
      if (depth > 0 || !/^ [+-] /.test(text.slice(place, place + 3))) continue;
      end(place);
      sign = text[place + 1] === "-" ? -1n : 1n;
      start = place + 3;
      place += 2;
    }
    end(text.length);
    termsKnown.set(text, terms);
  }
  return termsKnown.get(text);
}

class Figures {
  constructor(network, index) {
    this.network = network;
    this.structure = structureOf(network, index);
    this.problems = [];
    this.given = new Map();
    for (const slider of network.sliders) {
      const number = readNumber(valueOf(slider), slider.isRatio);
      if (number === null) this.problems.push(`${slider.name} is ${slider.isRatio ? "a number > 0" : "a whole number >= 1"}`);
      else this.given.set(slider.name, number);
    }
    if (!this.structure) this.problems.push("this combination of menus is not on the page");
    if (this.problems.length) return;
    this.model = this.structure.model;
    const { values, broken } = evaluate(this.model, this.given);
    this.values = values;
    this.problems = broken.map((condition) => `assumes ${condition}`);
    this.bits = bitsOfDtype();
    this.cache = {};
  }

  get isRight() {
    return this.problems.length === 0;
  }

  // the layers of a row: one, or those of a level outside heads unless all are in one
  layersOf(first, last) {
    const layers = this.model.layers.slice(first, last + 1);
    const counted = layers.filter((layer) => layer.head === null);
    return counted.length ? counted : layers;
  }

  count(column, first, last) {
    return sum(this.layersOf(first, last).map((layer) => this.values[layer.counts[COLUMNS.indexOf(column)]]));
  }

  output(number) {
    return this.sizesOf(number).map((size) => this.values[size]);
  }

  sizesOf(number) {
    return number < 0 ? this.model.inputs[-1 - number].sizes : this.model.layers[number].output;
  }

  // how many units or pixels there are along each axis
  places(number) {
    const sizes = this.output(number);
    if (number < 0) return this.model.inputs[-1 - number].places ? sizes.slice(1) : sizes;
    return this.model.layers[number].last ? sizes.slice(0, -1) : sizes.slice(1);
  }

  field(number) {
    const axes = this.fieldFormulas(number);
    return axes?.map((axis) => axis.map((formula) => (formula === null ? null : this.values[formula])));
  }

  // known for the first numbers alone where they decide how windows are shifted, and such
  fieldFormulas(number) {
    const isFirst = this.structure.number === 0 && this.network.sliders.every(({ name }) => !state.names.has(name));
    return this.model.fields.only && !isFirst ? undefined : this.model.fields.layers?.[number];
  }

  // bytes of parameters, buffers or activations: bits are added up, then rounded up
  bytes(column) {
    const place = COLUMNS.indexOf(column);
    const bits = (layer) => BigInt(layer.bits ?? this.bits);
    const trunk = this.model.layers.filter((layer) => layer.head === null);
    return bytesOf(sum(trunk.map((layer) => this.values[layer.counts[place]] * bits(layer))), 1n);
  }

  get tensors() {
    this.cache.tensors ??= (this.model.memory.tensors ?? []).map((tensor) => ({
      ...tensor,
      bytes: bytesOf(this.values[tensor.numbers], BigInt(tensor.bits ?? this.bits)),
    }));
    return this.cache.tensors;
  }

  // by step, the bytes of all tensors that are there
  get timeline() {
    if (!this.model.memory.steps) return null;
    if (!this.cache.timeline) {
      const change = this.model.memory.steps.map(() => 0n).concat(0n);
      for (const tensor of this.tensors) {
        change[Math.max(tensor.made, 0)] += tensor.bytes;
        change[tensor.last + 1] -= tensor.bytes;
      }
      let total = 0n;
      this.cache.timeline = this.model.memory.steps.map((_, step) => (total += change[step]));
    }
    return this.cache.timeline;
  }

  get peakStep() {
    const most = this.timeline.reduce((a, b) => (a > b ? a : b));
    return this.timeline.indexOf(most);
  }

  get atPeak() {
    const step = this.peakStep;
    return this.tensors.filter((tensor) => tensor.made <= step && step <= tensor.last);
  }

  total(name) {
    if (name in this.model.totals) return this.values[this.model.totals[name]];
    if (name === "parameter_bytes") return this.bytes("parameters");
    if (name === "buffer_bytes") return this.bytes("buffers");
    if (name === "activation_bytes") return this.bytes("activations");
    if (name === "batch_activation_bytes") return this.bytes("activations") * this.given.get("N").numerator;
    if (this.timeline === null) return null;
    const peak = this.timeline[this.peakStep];
    return name === "peak_activation_bytes" ? peak : peak + this.bytes("parameters") + this.bytes("buffers");
  }

  // the sliders that were moved though the plan does not follow them
  get unfollowed() {
    return this.network.sliders.filter(({ name }) => this.model.partition?.only.includes(name) && state.names.has(name));
  }

  // Formulas as text

  text(formula) {
    return this.model.formulas[formula];
  }

  // the sum of formulas: terms that are alike are counted together
  sumText(formulas) {
    const counted = new Map();
    for (const formula of formulas) {
      for (const [factor, rest] of termsOf(this.text(formula))) counted.set(rest, (counted.get(rest) ?? 0n) + factor);
    }
    const written = [...counted].filter(([, factor]) => factor !== 0n).map(([rest, factor]) => {
      if (rest === "") return String(factor);
      return factor === 1n ? rest : factor === -1n ? `-${rest}` : `${factor}*${rest}`;
    });
    return written.join(" + ").replaceAll("+ -", "- ") || "0";
  }

  countText(column, first, last) {
    return this.sumText(this.layersOf(first, last).map((layer) => layer.counts[COLUMNS.indexOf(column)]));
  }

  // bytes of so many numbers: pairs of a formula and its bits, null for those of the dtype
  bytesText(pairs) {
    const groups = new Map();
    for (const [formula, bits] of pairs) {
      const own = BigInt(bits ?? this.bits);
      groups.set(own, [...(groups.get(own) ?? []), formula]);
    }
    const sums = [...groups].map(([bits, formulas]) => [bits, this.sumText(formulas)]).filter(([, text]) => text !== "0");
    if (sums.every(([bits]) => bits % 8n === 0n)) return sums.map(([bits, text]) => `${bits / 8n}*(${text})`).join(" + ") || "0";
    return `ceil((${sums.map(([bits, text]) => `${bits}*(${text})`).join(" + ")})/8)`;
  }

  columnPairs(column) {
    const place = COLUMNS.indexOf(column);
    return this.model.layers.filter((layer) => layer.head === null).map((layer) => [layer.counts[place], layer.bits]);
  }

  totalText(name) {
    if (name in this.model.totals) return this.text(this.model.totals[name]);
    if (name === "parameter_bytes") return this.bytesText(this.columnPairs("parameters"));
    if (name === "buffer_bytes") return this.bytesText(this.columnPairs("buffers"));
    if (name === "activation_bytes") return this.bytesText(this.columnPairs("activations"));
    if (name === "batch_activation_bytes") return "N * activation_bytes";
    if (this.timeline === null) return this.model.memory.refused;
    if (name === "inference_memory") return "peak_activation_bytes + parameter_bytes + buffer_bytes";
    return this.tensorsText(this.atPeak);
  }

  tensorsText(tensors) {
    return this.bytesText(tensors.map((tensor) => [tensor.numbers, tensor.bits]));
  }
}

let figures = [];

// Where numbers stand: elements say by their data what they show

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
  if (changes.some(Boolean)) showFormulas();
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

// Controls

function setName(name, text) {
  const isFirst = slidersOf(name).every((slider) => slider.value === String(text));
  if (isFirst) state.names.delete(name);
  else state.names.set(name, String(text));
  changed();
}

function setMenu(index, menu, value) {
  if (value === menu.values[0]) state.menus[index].delete(menu.name);
  else state.menus[index].set(menu.name, value);
}

function setVariant(index, name) {
  const network = networks[index];
  const variant = network.variants.find((other) => other.name === name);
  if (!variant) return;
  network.menus.forEach((menu, place) => setMenu(index, menu, variant.menus[place]));
  for (const [slider, value] of variant.names) setName(slider, value);
  changed();
}

// The variant of the file that the menus and sliders say, if there is one
function variantOf(index) {
  const network = networks[index];
  const holds = ([name, value]) => !slidersOf(name).length || valueOf(network.sliders.find((slider) => slider.name === name) ?? slidersOf(name)[0]) === value;
  return network.variants.find(
    (variant) => network.menus.every((menu, place) => menuValue(index, menu) === variant.menus[place]) && variant.names.every(holds),
  );
}

let waiting = false;
let writing;
function changed() {
  clearTimeout(writing);
  writing = setTimeout(writeState, 200); // browsers throttle who writes the address at every move
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    syncControls();
    redraw();
  });
}

function syncControls() {
  for (const input of all("[data-name]")) {
    const [slider, ...others] = slidersOf(input.dataset.name);
    const isShared = state.names.has(slider.name) || others.every((other) => other.value === slider.value);
    if (document.activeElement === input && input.type === "text") continue;
    if (input.type === "text") input.value = isShared ? valueOf(slider) : "";
    else {
      const number = readNumber(valueOf(slider), true);
      if (number) input.value = String(Number(number.numerator) / Number(number.denominator));
      input.setAttribute("aria-valuetext", valueOf(slider));
    }
  }
  for (const select of all("[data-menu]")) {
    const index = Number(select.closest("[data-network]").dataset.network);
    select.value = menuValue(index, menuOf(index, select.dataset.menu));
  }
  for (const select of all("[data-variants]")) {
    select.value = variantOf(Number(select.closest("[data-network]").dataset.network))?.name ?? "";
  }
  find("#dtype").value = state.dtype;
}

// The state is the fragment of the address, so that a link restores it

// A let may be called dtype too: names begin with a dot where they would be mistaken.
const keyOf = (name) => (name === "dtype" || name.startsWith(".") || /^\d+\./.test(name) ? `.${name}` : name);

function writeState() {
  clearTimeout(writing);
  const parts = new URLSearchParams();
  for (const [name, value] of state.names) parts.append(keyOf(name), value);
  if (state.dtype !== archcalcData.dtype) parts.append("dtype", state.dtype);
  state.menus.forEach((menus, index) => {
    for (const [name, value] of menus) parts.append(`${index}.${name}`, value);
  });
  const fragment = parts.toString();
  if (fragment !== location.hash.slice(1)) history.replaceState(null, "", `#${fragment}`);
}

function readState() {
  state.names = new Map();
  state.menus = networks.map(() => new Map());
  state.dtype = archcalcData.dtype;
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    const [, index, menu] = /^(\d+)\.(.*)$/.exec(key) ?? [];
    const name = key.replace(/^\./, "");
    if (menu !== undefined) {
      const found = networks[index] && menuOf(index, menu);
      if (found?.values.includes(value)) setMenu(index, found, value);
    } else if (key === "dtype") {
      if (DTYPES.has(value)) state.dtype = value;
    } else if (slidersOf(name).length) state.names.set(name, value);
  }
}

const menuOf = (index, name) => networks[index].menus.find((menu) => menu.name === name);

// The layer table: filter, formulas, copies; the layer under the pointer

function setUpTable(section) {
  const table = find("table.layers", section);
  const filter = find(".filter", section);
  table.addEventListener("click", fillStale, true); // before rows are sorted or unfolded
  table.addEventListener("click", showFormulas);
  filter.addEventListener("input", () => {
    fillStale();
    const wanted = filter.value.trim().toLowerCase();
    for (const row of table.tBodies[0].rows) {
      const words = `${pathOf(row)} ${row.cells[1].textContent}`.toLowerCase();
      row.classList.toggle("left-out", wanted !== "" && !words.includes(wanted));
    }
    section.classList.toggle("filtering", wanted !== "");
    showFormulas();
  });
  for (const button of all("[data-copy]", section)) {
    button.addEventListener("click", () => copy(COPIES[button.dataset.copy](cellsOf(table))));
  }
  find(".with-formulas", section).addEventListener("change", showFormulas);
  table.addEventListener("keydown", walk);
  for (const cell of all("td:nth-child(4)", table)) cell.tabIndex = 0; // the others by arrow keys
}

// From cell to cell by the arrow keys
function walk(event) {
  const cell = event.target.closest("td");
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  if (!cell || !Object.hasOwn(steps, event.key)) return;
  const [down, right] = steps[event.key];
  let row = cell.parentElement;
  if (down) do row = down > 0 ? row.nextElementSibling : row.previousElementSibling; while (row && !row.offsetParent);
  const next = row?.cells[cell.cellIndex + right];
  if (!next) return;
  event.preventDefault();
  next.tabIndex = -1;
  next.focus();
}

// The layer and the number under the pointer, or with the focus
function point(event) {
  const place = event.target.closest("[data-layers]");
  const network = event.target.closest(".network");
  if (place && network) pointAt(Number(network.dataset.network), Number(place.dataset.layers.split(" ").at(-1)));
  const number = event.target.closest("td, [data-shape], [data-cell], [data-number], [data-total], [data-share], [data-crossing], [data-moved]");
  if (number) tell(number.matches("td") && !views.has(number) ? find("[data-total]", number) ?? number : number);
}

// The path of a row: of a layer, or of the level that it stands for
function pathOf(row) {
  return row.cells[0].textContent.trim();
}

function tell(element) {
  const view = views.get(element);
  if (!view) return;
  const found = shown(view);
  const row = element.closest("tr[data-layers]");
  find("#formula").textContent = found.text ? `${row ? `${pathOf(row)}: ` : ""}${found.text()} = ${view.last}` : "";
}

// Beneath each number of the rows that are seen its formula, if that is asked for
function showFormulas() {
  const asked = new Map(all("table.layers").map((table) => [table, find(".with-formulas", table.closest(".structure")).checked]));
  for (const [table, isAsked] of asked) table.classList.toggle("formulas", isAsked);
  for (const view of views.values()) {
    if (!view.row) continue;
    const isSeen = asked.get(view.row.closest("table")) && (!view.row.hidden || view.row.closest(".filtering"));
    const text = isSeen ? shown(view).text?.().replace(/^[^=]*= /, "") : undefined;
    if (text === view.formula) continue;
    view.formula = text;
    let place = find(".formula", view.element);
    if (!place) {
      place = document.createElement("span");
      place.className = "formula";
      view.element.append(place);
    }
    place.textContent = text ?? "";
  }
}

const numberOf = (cell) => (cell.dataset.value || cell.firstChild?.textContent || "").trim();

function cellsOf(table) {
  const rows = [...table.tBodies[0].rows].filter((row) => row.offsetParent);
  const head = [...table.tHead.rows[0].cells].map((cell) => cell.innerText.trim());
  return [head, ...rows.map((row) => [...row.cells].map((cell, place) => (place === 0 ? pathOf(row) : numberOf(cell))))];
}

const escaped = (text) => text.replace(/[\\{}$&#^_%~]/g, (letter) => ({ "\\": "\\textbackslash{}", "^": "\\^{}", "~": "\\~{}" })[letter] ?? `\\${letter}`);
const COPIES = {
  markdown: ([head, ...rows]) => [head, head.map((_, place) => (place > 2 ? "---:" : "---")), ...rows].map((row) => `| ${row.map((text) => text.replace(/\|/g, "\\|")).join(" | ")} |`).join("\n"),
  csv: (rows) => rows.map((row) => row.map((text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text)).join(",")).join("\n"),
  latex: ([head, ...rows]) =>
    [
      `\\begin{tabular}{${head.map((_, place) => (place > 2 ? "r" : "l")).join("")}}`,
      "\\hline",
      ...[head, ...rows].map((row, place) => `${row.map(escaped).join(" & ")} \\\\${place === 0 ? " \\hline" : ""}`),
      "\\hline",
      "\\end{tabular}",
    ].join("\n"),
};

function copy(text) {
  const dialog = find("#copied");
  find("textarea", dialog).value = text;
  dialog.showModal();
  find("textarea", dialog).select();
  navigator.clipboard?.writeText(text).then(
    () => (find("p", dialog).textContent = "Copied."),
    () => (find("p", dialog).textContent = "Copy this text:"),
  );
}

// The receptive field of the layer under the pointer, on the input

let pointed = { index: 0, layer: null };
function pointAt(index, layer) {
  if (pointed.index === index && pointed.layer === layer) return;
  pointed = { index, layer };
  all(".pointed").forEach((element) => element.classList.remove("pointed"));
  all(`.network[data-network="${index}"] [data-layers$=" ${layer}"]`).forEach((element) => element.classList.add("pointed"));
  showField();
}

function showField() {
  const one = figures[pointed.index];
  const told = find("#field-text");
  const box = find("#field-box");
  if (!one?.isRight || pointed.layer === null) {
    box.hidden = true;
    return;
  }
  const layer = one.model.layers[pointed.layer];
  const axes = one.field(pointed.layer);
  box.hidden = false;
  if (!axes) {
    told.textContent = `${layer.path}: ${one.model.fields.refused || "it sees nothing of the input"}`;
    find("#field-drawing").replaceChildren();
    return;
  }
  const plane = one.places(-1);
  const along = axes.map(([size, jump, before], axis) => {
    const units = one.places(pointed.layer)[axis] ?? 1n;
    const start = before === null || typeof before === "string" ? null : (units / 2n) * (typeof jump === "bigint" ? jump : 0n) - before;
    return { size, jump, start, pixels: plane[axis] };
  });
  const size = along.map((axis) => axis.size).join("x");
  const jump = along.map((axis) => axis.jump ?? "varying").join("x");
  told.textContent = `${layer.path}: a unit sees ${size} of ${plane.join("x")}, ${jump} apart from the next`;
  drawField(along.slice(-2));
}

function drawField(along) {
  const drawing = find("#field-drawing");
  if (along.some((axis) => axis.start === null || axis.size === null)) {
    drawing.replaceChildren();
    return;
  }
  const [rows, columns] = along.length === 2 ? along : [{ pixels: 1n, start: 0n, size: 1n }, along[0]];
  const [height, width] = [Number(rows.pixels), Number(columns.pixels)];
  const make = (kind, x, y, w, h) => {
    const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ class: kind, x, y, width: w, height: h })) part.setAttribute(name, value);
    return part;
  };
  const margin = Math.max(width, height) * 0.25;
  drawing.setAttribute("viewBox", `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`);
  drawing.replaceChildren(
    make("input", 0, 0, width, height),
    make("seen", Number(columns.start), Number(rows.start), Number(columns.size), Number(rows.size)),
  );
}

// Start

for (const input of all("[data-name]")) {
  input.addEventListener("input", () => {
    const [slider] = slidersOf(input.dataset.name);
    const text = input.type === "range" ? String(Number(input.value)) : input.value.trim();
    if (text === "") {
      state.names.delete(slider.name);
      changed();
    } else setName(slider.name, text);
  });
}
for (const select of all("[data-menu]")) {
  const index = Number(select.closest("[data-network]").dataset.network);
  select.addEventListener("change", () => {
    setMenu(index, menuOf(index, select.dataset.menu), select.value);
    changed();
  });
}
for (const select of all("[data-variants]")) {
  select.addEventListener("change", () => setVariant(Number(select.closest("[data-network]").dataset.network), select.value));
}
find("#dtype").addEventListener("change", (event) => {
  state.dtype = event.target.value;
  changed();
});
find("#reset").addEventListener("click", () => {
  history.replaceState(null, "", location.pathname + location.search);
  readState();
  changed();
});
find("#link").addEventListener("click", () => {
  writeState();
  copy(location.href);
});
addEventListener("hashchange", () => {
  readState();
  syncControls();
  redraw();
});
addEventListener("pagehide", writeState);
find("main").addEventListener("pointerover", point);
find("main").addEventListener("focusin", point);
readState();
syncControls();
redraw();
document.documentElement.dataset.ready = "";
