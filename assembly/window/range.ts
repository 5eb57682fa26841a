// Where windows and images meet, along one axis.

/** Of the places begin, begin + step, …: the first that is not below 0. */
@inline
export function firstInside(begin: i32, step: i32): i32 {
  return begin < 0 ? (step - 1 - begin) / step : 0;
}

/** Of the places begin, begin + step, …, `count` of them: the first that is not below `size`. */
@inline
export function endInside(begin: i32, step: i32, count: i32, size: i32): i32 {
  return begin < size ? min(count, (size - begin + step - 1) / step) : 0;
}

/** The first of the windows that see a place, `distance` from where the first window of all begins. Undilated windows. */
@inline
export function firstSeeing(distance: i32, kernel: i32, stride: i32): i32 {
  return distance < kernel ? 0 : (distance - kernel) / stride + 1;
}

/** The first window behind those that see the place; `count`: of all windows. */
@inline
export function endSeeing(distance: i32, stride: i32, count: i32): i32 {
  return min(count, distance / stride + 1);
}
