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

// A number as a reader types it, a decimal or a fraction: for a ratio any > 0, else a whole one >= 1; or null.
function readNumber(text, isRatio) {
  const [match, whole, digits = "", below = "1"] =
    /^(\d{1,18})(?:\.(\d{1,18}))?(?:\/(\d{1,18}))?$/.exec(String(text).trim()) ?? [null];
  if (match === null) return null;
  const [a, b] = [BigInt(whole + digits), BigInt(below) * 10n ** BigInt(digits.length)];
  if (a === 0n || b === 0n) return null;
  const common = greatestCommonDivisor(a, b);
  const found = { numerator: a / common, denominator: b / common };
  return isRatio || found.denominator === 1n ? found : null;
}

// Every formula of a model for these numbers by name, and the assumptions that they break.
function evaluate(model, given) {
  const found = [];
  for (const [operation, ...args] of model.steps) {
    if (operation === "number") found.push(BigInt(args[0]));
    else if (operation === "input") found.push(given.get(args[0])[args[1]]);
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
