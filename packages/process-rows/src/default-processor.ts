// What a function is built with when nobody chose a processor.
export { defaultProcessor as default } from '@sluice/core/processor';
