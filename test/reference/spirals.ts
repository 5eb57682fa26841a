// The two spirals of Lang & Witbrock, "Learning to tell two spirals apart", 1988, as the CMU benchmark's generator
// (Alexis P. Wieland) draws them: 97 points of each, a turn every 32 points, from radius 6.5 inwards to 0.5.

const ONE = Array.from({ length: 97 }, (_, i) => {
  const angle = (i * Math.PI) / 16;
  const radius = (6.5 * (104 - i)) / 104;
  return [radius * Math.sin(angle), radius * Math.cos(angle)];
});

/** Each point of one spiral, and the same turned by half a circle, which lies on the other. */
export const SPIRALS = ONE.flatMap(([x, y]) => [
  [x!, y!],
  [-x!, -y!],
]);

/** 1 and 0 for the points of the one and of the other. */
export const SIDES = ONE.flatMap(() => [1, 0]);
