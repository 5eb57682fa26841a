/** Runs the example named on the command line: `npm start`, `npm start iris`, `npm start mnist -- PATH`. */
import { Complaint } from "./complaint.ts";

const examples: Record<string, { about: string; load: () => Promise<{ main: (args: string[]) => Promise<void> }> }> = {
  higham: { about: "ten points in the plane, a million steps (the default)", load: () => import("./higham.ts") },
  iris: { about: "Fisher's 150 flowers, three species", load: () => import("./iris.ts") },
  mnist: { about: "handwritten digits, from the four idx files in PATH", load: () => import("./mnist.ts") },
  "mnist-cnn": { about: "the same digits, with convolutions", load: () => import("./mnist-cnn.ts") },
  cifar: {
    about: "small colour photographs, from the binary files of CIFAR-10 in PATH",
    load: () => import("./cifar.ts"),
  },
};

const [name = "higham", ...args] = process.argv.slice(2);
if (Object.hasOwn(examples, name)) {
  const { main } = await examples[name]!.load();
  try {
    await main(args);
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
} else {
  console.error(`No example ${name}. There are:`);
  for (const [known, { about }] of Object.entries(examples)) console.error(`  npm start ${known.padEnd(10)} ${about}`);
  process.exitCode = 1;
}
