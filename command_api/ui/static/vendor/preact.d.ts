// The types of preact.js for `make lint`; nothing loads this file.
export { h, render, Fragment, createContext } from 'preact';
export {
  useState, useEffect, useRef, useMemo, useCallback, useLayoutEffect, useContext,
} from 'preact/hooks';
export {
  signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect,
} from '@preact/signals';
import type { VNode } from 'preact';
export declare function html(strings: TemplateStringsArray, ...values: any[]): VNode<any>;
