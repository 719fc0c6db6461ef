/** Users and groups from the organisation's directory, over SCIM 2.0. */
export { provisioningRoutes } from './routes.ts';
