// A real OpenID Connect provider on a port of its own, for one test: node provider.mjs PORT REDIRECT_URI
import Provider from 'oidc-provider';

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const people = { ana: { email: 'ana@nordwind.example', email_verified: true, name: 'Ana Nord', groups: ['desk'] } };
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'headgate',
      client_secret: 'a secret: with & odd chars',
      redirect_uris: [redirect],
      post_logout_redirect_uris: [new URL('/sign-in', redirect).href],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
});
// Requests come over plain HTTP from this machine only.
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
