import { takeCodeFromAddress } from './pairing/pairingLink';
import './ui/tokens.css';
import './ui/base.css';
import { mount } from 'svelte';
import { followViewport } from './app/viewport';
import Root from './Root.svelte';

const code = takeCodeFromAddress(); // before anything else runs or reads the address
followViewport();
mount(Root, { target: document.getElementById('app')!, props: { code } });
