/**
 * The plane's keys: an administrator's token and the key pair that signs service accounts' tokens. Made anew for every
 * cluster, in its folder; the apiserver makes its own certificate.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Credentials {
  adminToken: string;
  tokenFile: string;
  serviceAccountKey: string;
  serviceAccountPublicKey: string;
}

export function makeCredentials(folder: string): Credentials {
  const adminToken = randomBytes(24).toString('hex');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keep = (name: string, content: string) => {
    const file = join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  return {
    adminToken,
    tokenFile: keep('tokens.csv', `${adminToken},admin,admin,"system:masters"\n`),
    serviceAccountKey: keep('service-account.key', privateKey.export({ type: 'sec1', format: 'pem' }).toString()),
    serviceAccountPublicKey: keep('service-account.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  };
}
