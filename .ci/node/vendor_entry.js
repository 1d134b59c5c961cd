// Everything that the UI's modules import from vendor/preact.js.
export { render } from 'preact';
export {
  useState, useEffect, useRef, useMemo, useCallback, useLayoutEffect,
} from 'preact/hooks';
export { signal, computed, effect } from '@preact/signals';
export { html } from 'htm/preact';
