import { activateBackwardRows, activateRows } from "./activation/index";
import { exponential } from "./activation/exponential";
import { softmax, softmaxBackward } from "./activation/softmax";
import { avgPool2dBackward, avgPool2dForward } from "./avgPool2d";
import { gather, gatherLabels } from "./batch";
import { batchNormBackward, batchNormForward } from "./batchNorm";
import { batchNormApply, batchNormApplyBackward } from "./batchNorm/apply";
import { batchNormCommit } from "./batchNorm/commit";
import { denseBackward, denseForward } from "./dense";
import { depthwiseConv2dBackward, depthwiseConv2dForward } from "./depthwiseConv2d";
import { dropoutBackward, dropoutForward } from "./dropout";
import { globalAvgPoolBackward, globalAvgPoolForward } from "./globalAvgPool";
import { layerNormBackward, layerNormForward } from "./layerNorm";
import { binaryCrossEntropy } from "./loss/binaryCrossEntropy";
import { hinge } from "./loss/hinge";
import { huber } from "./loss/huber";
import { meanAbsoluteError } from "./loss/meanAbsoluteError";
import { meanSquaredError } from "./loss/meanSquaredError";
import { poisson } from "./loss/poisson";
import { softmaxCrossEntropy } from "./loss/softmaxCrossEntropy";
import { maxPool2dBackward, maxPool2dForward } from "./maxPool2d";
import { argmax, countEqual, threshold } from "./metrics";
import { Op } from "./opcodes";
import { adadelta } from "./optimizer/adadelta";
import { adagrad } from "./optimizer/adagrad";
import { adam } from "./optimizer/adam";
import { clearGradients } from "./optimizer/clear";
import { clipNorm, clipValue, sumSquares } from "./optimizer/clip";
import { decay, shrink } from "./optimizer/decay";
import { descent } from "./optimizer/descent";
import { maxNorm } from "./optimizer/maxNorm";
import { momentum } from "./optimizer/momentum";
import { nadam, nadamTick } from "./optimizer/nadam";
import { penalty } from "./optimizer/penalty";
import { rmsProp } from "./optimizer/rmsprop";
import { rprop } from "./optimizer/rprop";
import { tick } from "./optimizer/tick";
import { Kernel } from "./program";
import { repack } from "./repack";

/** The kernel of an opcode in precision T: one line each. */
function kernelOf<T>(op: Op): Kernel | null {
  switch (op) {
    case Op.GatherBytes: return (args, rows) => gather<u8, T>(args, rows);
    case Op.GatherFloats: return (args, rows) => gather<f32, T>(args, rows);
    case Op.GatherDoubles: return (args, rows) => gather<f64, T>(args, rows);
    case Op.GatherLabels: return (args, rows) => gatherLabels<T>(args, rows);
    case Op.DenseForward: return (args, rows) => denseForward<T>(args, rows);
    case Op.DenseBackward: return (args, rows) => denseBackward<T>(args, rows);
    case Op.Activate: return (args, rows) => activateRows<T>(args, rows);
    case Op.ActivateBackward: return (args, rows) => activateBackwardRows<T>(args, rows);
    case Op.Softmax: return (args, rows) => softmax<T>(args, rows);
    case Op.DropoutForward: return (args, rows) => dropoutForward<T>(args, rows);
    case Op.DropoutBackward: return (args, rows) => dropoutBackward<T>(args, rows);
    case Op.BatchNormForward: return (args, rows) => batchNormForward<T>(args, rows);
    case Op.BatchNormBackward: return (args, rows) => batchNormBackward<T>(args, rows);
    case Op.BatchNormCommit: return (args, rows) => batchNormCommit<T>(args, rows);
    case Op.BatchNormApply: return (args, rows) => batchNormApply<T>(args, rows);
    case Op.BatchNormApplyBackward: return (args, rows) => batchNormApplyBackward<T>(args, rows);
    case Op.LayerNormForward: return (args, rows) => layerNormForward<T>(args, rows);
    case Op.LayerNormBackward: return (args, rows) => layerNormBackward<T>(args, rows);
    case Op.SoftmaxBackward: return (args, rows) => softmaxBackward<T>(args, rows);
    case Op.Exponential: return (args, rows) => exponential<T>(args, rows);
    case Op.MeanSquaredError: return (args, rows) => meanSquaredError<T>(args, rows);
    case Op.BinaryCrossEntropy: return (args, rows) => binaryCrossEntropy<T>(args, rows);
    case Op.SoftmaxCrossEntropy: return (args, rows) => softmaxCrossEntropy<T>(args, rows);
    case Op.MeanAbsoluteError: return (args, rows) => meanAbsoluteError<T>(args, rows);
    case Op.Huber: return (args, rows) => huber<T>(args, rows);
    case Op.Poisson: return (args, rows) => poisson<T>(args, rows);
    case Op.Hinge: return (args, rows) => hinge<T>(args, rows);
    case Op.Tick: return (args, rows) => tick(args);
    case Op.Descend: return (args, rows) => descent<T>(args);
    case Op.Momentum: return (args, rows) => momentum<T>(args);
    case Op.RmsProp: return (args, rows) => rmsProp<T>(args);
    case Op.Adagrad: return (args, rows) => adagrad<T>(args);
    case Op.Adadelta: return (args, rows) => adadelta<T>(args);
    case Op.Adam: return (args, rows) => adam<T>(args);
    case Op.NadamTick: return (args, rows) => nadamTick(args);
    case Op.Nadam: return (args, rows) => nadam<T>(args);
    case Op.Rprop: return (args, rows) => rprop<T>(args);
    case Op.ClearGradients: return (args, rows) => clearGradients(args);
    case Op.Penalty: return (args, rows) => penalty<T>(args, rows);
    case Op.ClipValue: return (args, rows) => clipValue<T>(args);
    case Op.SumSquares: return (args, rows) => sumSquares<T>(args);
    case Op.ClipNorm: return (args, rows) => clipNorm<T>(args);
    case Op.Decay: return (args, rows) => decay<T>(args);
    case Op.Shrink: return (args, rows) => shrink<T>(args);
    case Op.MaxNorm: return (args, rows) => maxNorm<T>(args);
    case Op.Argmax: return (args, rows) => argmax<T>(args, rows);
    case Op.Threshold: return (args, rows) => threshold<T>(args, rows);
    case Op.CountEqual: return (args, rows) => countEqual(args, rows);
    case Op.MaxPool2dForward: return (args, rows) => maxPool2dForward<T>(args, rows);
    case Op.MaxPool2dBackward: return (args, rows) => maxPool2dBackward<T>(args, rows);
    case Op.AvgPool2dForward: return (args, rows) => avgPool2dForward<T>(args, rows);
    case Op.AvgPool2dBackward: return (args, rows) => avgPool2dBackward<T>(args, rows);
    case Op.GlobalAvgPoolForward: return (args, rows) => globalAvgPoolForward<T>(args, rows);
    case Op.GlobalAvgPoolBackward: return (args, rows) => globalAvgPoolBackward<T>(args, rows);
    case Op.DepthwiseConv2dForward: return (args, rows) => depthwiseConv2dForward<T>(args, rows);
    case Op.DepthwiseConv2dBackward: return (args, rows) => depthwiseConv2dBackward<T>(args, rows);
    case Op.Repack: return (args, rows) => repack<T>(args, rows);
  }
  return null;
}

/** The index in the table of functions of an opcode's kernel, 0 where there is none. `size`: bytes of a number, 4 or 8. */
export function kernel(op: Op, size: i32): u32 {
  const found = size == 8 ? kernelOf<f64>(op) : kernelOf<f32>(op);
  return found ? found.index : 0;
}
