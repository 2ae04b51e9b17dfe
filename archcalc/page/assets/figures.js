// Every number of one network for what is chosen: counts, sizes, bytes, fields, and their formulas as text.

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

  // what each layer outside heads adds to a total
  costsOf(name) {
    const place = ADDED.indexOf(name);
    return this.model.layers.filter((layer) => layer.head === null).map((layer) => this.model.costs[layer.cost][place]);
  }

  total(name) {
    if (name in this.model.totals) return this.values[this.model.totals[name]];
    if (ADDED.includes(name)) return sum(this.costsOf(name).map((formula) => this.values[formula]));
    if (/^batch_(macs|flops|activations)$/.test(name)) return this.given.get("N").numerator * this.total(name.slice(6));
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
    if (ADDED.includes(name)) return this.sumText(this.costsOf(name));
    if (/^batch_(macs|flops|activations)$/.test(name)) return `N * (${this.totalText(name.slice(6))})`;
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
