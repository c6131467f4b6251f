/** Reading the environment: what a process is told by variables, with one clear line for a value that cannot be used. */
export { integerSetting, namesSetting, requiredSetting, SettingFault, type Environment } from './settings.js';
