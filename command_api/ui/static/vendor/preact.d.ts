// The types of preact.js for `make lint`; nothing loads this file.
export { render } from 'preact';
export {
  useState, useEffect, useRef, useMemo, useCallback, useLayoutEffect,
} from 'preact/hooks';
export { signal, computed, effect } from '@preact/signals';
import type { VNode } from 'preact';
export declare function html(strings: TemplateStringsArray, ...values: any[]): VNode<any>;
