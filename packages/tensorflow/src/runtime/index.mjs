/**
 * The native TensorFlow library that TensorFlow.js runs on. Its own install script fetches TensorFlow 2.9 from a host
 * that many users cannot reach; here TensorFlow 2.21 comes from PyPI's wheel and the addon is compiled against it.
 *
 * `ensureRuntime` makes the runtime in the cache and links it; `linkRuntime` only repairs the links, which is all that a
 * fresh `npm ci` needs.
 */
export { ensureRuntime, isRuntimeLinked, isRuntimeReady, runtimeDevice } from "./ensure.mjs";
export { linkRuntime } from "./link.mjs";
export { OWN_OPERATIONS_HASH, ownOperations } from "./own-operations.mjs";
export { standardError } from "./standard-error.mjs";
