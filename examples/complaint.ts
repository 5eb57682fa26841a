/** Thrown for what the user can put right: the message says all there is to say, and is shown alone. */
export class Complaint extends Error {
  override name = "Complaint";
}
