// Everything that the UI's modules import from vendor/preact.js.
export { h, render, Fragment, createContext } from 'preact';
export {
  useState, useEffect, useRef, useMemo, useCallback, useLayoutEffect, useContext,
} from 'preact/hooks';
export {
  signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect,
} from '@preact/signals';
export { html } from 'htm/preact';
