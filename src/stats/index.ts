export * from './battery.ts';
export * from './sequential.ts';
