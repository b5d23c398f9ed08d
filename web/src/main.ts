import { takeCodeFromAddress } from './pairing/pairingLink';
import { takeSignInFromAddress } from './pairing/signIn';
import './ui/tokens.css';
import './ui/base.css';
import { mount } from 'svelte';
import { applyAppearance, loadAppearance } from './app/appearance';
import { followViewport } from './app/viewport';
import Root from './Root.svelte';

// Before anything else runs or reads the address.
const code = takeCodeFromAddress();
const returned = takeSignInFromAddress();
followViewport();
applyAppearance(loadAppearance());
mount(Root, { target: document.getElementById('app')!, props: { code, returned } });
