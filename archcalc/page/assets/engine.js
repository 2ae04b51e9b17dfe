// Formulas as programs of whole numbers: archcalc wrote the steps, this runs them. Nothing here knows a rule.

const floorDivided = (a, b) => (a % b < 0n ? a / b - 1n : a / b); // b is positive
const greatestCommonDivisor = (a, b) => (b === 0n ? a : greatestCommonDivisor(b, a % b));

const OPERATIONS = {
  "+": (args) => args.reduce((a, b) => a + b),
  "*": (args) => args.reduce((a, b) => a * b),
  "//": ([a, b]) => floorDivided(a, b),
  max: (args) => args.reduce((a, b) => (a > b ? a : b)),
  min: (args) => args.reduce((a, b) => (a < b ? a : b)),
  gcd: ([a, b]) => greatestCommonDivisor(a, b),
  "<": ([a, b]) => (a < b ? 1n : 0n),
};
const RELATIONS = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
  "% ==": (a, b) => a % b === 0n,
};

// A number as a reader types it: a whole one >= 1, or for a ratio a decimal or fraction > 0; null for anything else.
function readNumber(text, isRatio) {
  const form = isRatio ? /^(\d{1,18})(?:\.(\d{1,18}))?(?:\/(\d{1,18}))?$/ : /^(\d{1,18})$/;
  const [match, whole, digits = "", below = "1"] = form.exec(String(text).trim()) ?? [null];
  if (match === null) return null;
  const [a, b] = [BigInt(whole + digits), BigInt(below) * 10n ** BigInt(digits.length)];
  if (a === 0n || b === 0n) return null;
  const common = greatestCommonDivisor(a, b);
  return { numerator: a / common, denominator: b / common };
}

// Every formula of a model for these numbers by name, and the assumptions that they break.
function evaluate(model, given) {
  const found = [];
  for (const [operation, ...args] of model.steps) {
    if (operation === "number") found.push(BigInt(args[0]));
    else if (operation === "input") found.push(given[args[0]][args[1]]);
    else found.push(OPERATIONS[operation](args.map((number) => found[number])));
  }
  const broken = model.checks
    .filter(([left, relation, right]) => !RELATIONS[relation](found[left], found[right]))
    .map(([, , , condition]) => condition);
  const values = model.outputs.map(([above, below]) => {
    if (below === undefined) return found[above];
    const [a, b] = [found[above], found[below]];
    return a % b === 0n ? a / b : `${a}/${b}`;
  });
  return { values, broken };
}

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
