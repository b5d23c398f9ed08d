// An OpenID provider on loopback for the tests: the certified oidc-provider, with a person at the browser who answers at once.
// Its first line of output is {"issuer": …}. POST /control {"user": …} says who signs in next: {sub, email, email_verified}, or null for one who declines.
// The process ends with its standard input.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

let user = { sub: 'ann', email: 'ann@example.org', email_verified: true };
const users = new Map();

const server = createServer((request, response) => handle(request, response).catch((error) => {
  response.statusCode = 500;
  response.end(String(error));
}));
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const client = {
  // A native client's loopback address may have any port, as a relay of the tests does.
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/auth/callback'],
  grant_types: ['authorization_code'],
  response_types: ['code'],
};
const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
    { ...client, client_id: 'confidential', client_secret: 'the secret of the relay, :/?', token_endpoint_auth_method: 'client_secret_basic' },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
  cookies: { keys: ['only for tests'] },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => users.has(sub) ? { accountId: sub, claims: () => users.get(sub) } : undefined,
});

async function handle(request, response) {
  if (request.method === 'POST' && request.url === '/control') {
    let body = '';
    for await (const chunk of request) body += chunk;
    user = JSON.parse(body).user;
    response.end();
  } else if (request.url.startsWith('/interaction/')) {
    await answer(request, response);
  } else {
    await provider.callback()(request, response);
  }
}

async function answer(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (user === null) {
    await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'No.' });
  } else if (prompt.name === 'login') {
    users.set(user.sub, user);
    await provider.interactionFinished(request, response, { login: { accountId: user.sub } });
  } else {
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope('openid email');
    await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }
}

console.log(JSON.stringify({ issuer }));
process.stdin.on('end', () => process.exit(0)).resume();
