import { nativeModule } from "./native-module.mjs";

/** Puts standard error aside, for the time in which TensorFlow greets. */
export const standardError = nativeModule({
  name: "standard-error",
  sources: "native-standard-error",
  hash: "29c44567129b",
  flags: ["-O2"],
});
