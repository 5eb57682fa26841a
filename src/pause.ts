declare const setImmediate: ((resume: () => void) => unknown) | undefined;

/** Lets the event loop turn once: timers, messages and input that wait are served. Not throttled in background pages. */
export function pause(): Promise<void> {
  return new Promise((resume) => {
    if (typeof setImmediate === "function") {
      setImmediate(resume);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resume();
    };
    port2.postMessage(undefined);
  });
}
