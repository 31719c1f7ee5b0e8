/** An error that the scripted DynamoDB answers with. `item` goes with a failed condition when it was asked for. */
export class ScriptedError extends Error {
  readonly type: string;
  readonly item: object | undefined;

  constructor(type: string, message: string, item?: object) {
    super(message);
    this.name = type;
    this.type = type;
    this.item = item;
  }
}

export const refuse = (type: string, message: string, item?: object): never => {
  throw new ScriptedError(type, message, item);
};
