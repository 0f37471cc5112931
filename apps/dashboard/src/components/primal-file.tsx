/** Heads a column of sizes as evaluations have them: of the network that makes images large, not of the whole file. */
export const PRIMAL_FILE = (
  <>
    File without
    <br />
    dual networks
  </>
);
