// Node before 20.4 has no Symbol.asyncDispose, and no vm context of Node 20 has one of its own, such as those in which
// some test runners run tests. What compiles `await using` looks for it at the same place.
const { asyncDispose } = Symbol as { asyncDispose?: symbol };
if (asyncDispose === undefined) {
  Object.defineProperty(Symbol, "asyncDispose", { value: Symbol.for("Symbol.asyncDispose") });
}
