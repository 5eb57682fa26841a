// The experiment of Higham & Higham, "Deep Learning: An Introduction for Applied Mathematicians", section 6: ten points of two classes.

export const POINTS = [
  [0.1, 0.1],
  [0.3, 0.4],
  [0.1, 0.5],
  [0.6, 0.9],
  [0.4, 0.2],
  [0.6, 0.3],
  [0.5, 0.6],
  [0.9, 0.2],
  [0.4, 0.4],
  [0.7, 0.6],
];

export const CLASSES = [
  [1, 0],
  [1, 0],
  [1, 0],
  [1, 0],
  [1, 0],
  [0, 1],
  [0, 1],
  [0, 1],
  [0, 1],
  [0, 1],
];
