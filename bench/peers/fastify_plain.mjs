// Fastify doing nothing: one small JSON object, no key, no store. It is shown beside the reads as Fastify's ceiling.
import fastify from 'fastify';
import { serve } from '../lib/drive.mjs';

const app = fastify({ logger: false });
const schema = { response: { 200: { type: 'object', properties: { id: { type: 'string' }, status: { type: 'string' } } } } };
app.get('/', { schema }, async () => ({ id: 'job_01JD0000000000000000000000', status: 'queued' }));
serve({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }, () => ({}));
