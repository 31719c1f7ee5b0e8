// What a processor imports from `sluice`.
export {
  type Context,
  defineProcessor,
  type FieldValue,
  type PermanentError,
  type Processor,
  permanent,
  type Result,
  type Row,
} from '@sluice/core/processor';
