/** Ties theme, data and routes together; each page is loaded when it is first visited. */
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { FirstPlace } from './elements/places-frame.tsx';
import { JudgeFrame, judgePlaces } from './judge/judge-frame.tsx';
import { styleNonce } from './nonce.ts';
import { PeopleFrame } from './people/people-frame.tsx';
import { queries } from './queries.ts';
import { SendingFrame, sendingPlaces } from './sending/sending-frame.tsx';
import { Gate } from './shell/gate.tsx';
import { NotFoundPage } from './shell/not-found-page.tsx';
import { PageCrash } from './shell/page-crash.tsx';
import { landingPlaces } from './shell/places.ts';
import { SignInPage } from './sign-in/sign-in-page.tsx';
import { SignOnCallbackPage, SignOnLinkPage, SignOnPage, SignOnProofPage } from './sign-in/single-sign-on.tsx';
import { theme } from './theme.ts';
import { TrustFrame, trustPlaces } from './trust/trust-frame.tsx';

const router = createBrowserRouter([
  { path: '/sign-in', element: <SignInPage />, errorElement: <PageCrash /> },
  { path: '/sign-in/sso', element: <SignOnPage />, errorElement: <PageCrash /> },
  { path: '/sign-in/sso/prove', element: <SignOnProofPage />, errorElement: <PageCrash /> },
  { path: '/sign-in/sso/:id', element: <SignOnLinkPage />, errorElement: <PageCrash /> },
  { path: '/sign-in/sso/:id/callback', element: <SignOnCallbackPage />, errorElement: <PageCrash /> },
  {
    element: <Gate />,
    errorElement: <PageCrash />,
    HydrateFallback: () => null,
    children: [
      {
        errorElement: <PageCrash />,
        children: [
          { index: true, element: <FirstPlace places={landingPlaces} /> },
          {
            path: '/campaigns',
            lazy: async () => ({ Component: (await import('./campaigns/campaigns-page.tsx')).CampaignsPage }),
          },
          {
            path: '/campaigns/report',
            lazy: async () => ({ Component: (await import('./campaign-report/report-page.tsx')).ReportPage }),
          },
          {
            path: '/messages',
            lazy: async () => ({ Component: (await import('./messages/messages-page.tsx')).MessagesPage }),
          },
          {
            path: '/messages/:id',
            lazy: async () => ({ Component: (await import('./messages/message-page.tsx')).MessagePage }),
          },
          {
            path: '/sending',
            element: <SendingFrame />,
            children: [
              { index: true, element: <FirstPlace places={sendingPlaces} /> },
              {
                path: 'queue',
                lazy: async () => ({ Component: (await import('./sending/queue/queue-page.tsx')).QueuePage }),
              },
              {
                path: 'planned',
                lazy: async () => ({ Component: (await import('./sending/planned/planned-page.tsx')).PlannedPage }),
              },
              {
                path: 'templates',
                lazy: async () => ({
                  Component: (await import('./sending/templates/templates-page.tsx')).TemplatesPage,
                }),
              },
              {
                path: 'templates/:id',
                lazy: async () => ({ Component: (await import('./sending/templates/template-page.tsx')).TemplatePage }),
              },
              {
                path: 'routes',
                lazy: async () => ({ Component: (await import('./sending/routes/routes-page.tsx')).RoutesPage }),
              },
              {
                path: 'queue/:domain',
                lazy: async () => ({
                  Component: (await import('./sending/queue/destination-page.tsx')).DestinationPage,
                }),
              },
              {
                path: 'deliverability',
                lazy: async () => ({
                  Component: (await import('./sending/deliverability/deliverability-page.tsx')).DeliverabilityPage,
                }),
              },
              {
                path: 'suppressions',
                lazy: async () => ({
                  Component: (await import('./sending/suppressions/suppressions-page.tsx')).SuppressionsPage,
                }),
              },
              {
                path: 'transport',
                lazy: async () => ({
                  Component: (await import('./sending/transport/transport-page.tsx')).TransportPage,
                }),
              },
              {
                path: 'preflight',
                lazy: async () => ({
                  Component: (await import('./sending/preflight/preflight-page.tsx')).PreflightPage,
                }),
              },
            ],
          },
          {
            path: '/judge',
            element: <JudgeFrame />,
            children: [
              { index: true, element: <FirstPlace places={judgePlaces} /> },
              {
                path: 'rules',
                lazy: async () => ({ Component: (await import('./judge/rules/rules-page.tsx')).RulesPage }),
              },
              {
                path: 'history',
                lazy: async () => ({ Component: (await import('./judge/history/history-page.tsx')).HistoryPage }),
              },
              {
                path: 'history/:id',
                lazy: async () => ({ Component: (await import('./judge/history/run-page.tsx')).RunPage }),
              },
              {
                path: 'networks',
                lazy: async () => ({ Component: (await import('./judge/networks/networks-page.tsx')).NetworksPage }),
              },
              {
                path: 'scanners',
                lazy: async () => ({ Component: (await import('./judge/scanners/scanners-page.tsx')).ScannersPage }),
              },
            ],
          },
          {
            path: '/senders',
            lazy: async () => ({ Component: (await import('./senders/senders-page.tsx')).SendersPage }),
          },
          {
            path: '/senders/:domain',
            lazy: async () => ({ Component: (await import('./senders/sender-page.tsx')).SenderPage }),
          },
          {
            path: '/providers',
            lazy: async () => ({ Component: (await import('./providers/providers-page.tsx')).ProvidersPage }),
          },
          {
            path: '/settings',
            lazy: async () => ({ Component: (await import('./settings/settings-page.tsx')).SettingsPage }),
          },
          {
            path: '/settings/webhooks',
            lazy: async () => ({ Component: (await import('./settings/webhooks/webhooks-page.tsx')).WebhooksPage }),
          },
          {
            path: '/api-keys',
            lazy: async () => ({ Component: (await import('./api-keys/api-keys-page.tsx')).ApiKeysPage }),
          },
          {
            path: '/trust',
            element: <TrustFrame />,
            children: [
              { index: true, element: <FirstPlace places={trustPlaces} /> },
              {
                path: 'safety',
                lazy: async () => ({ Component: (await import('./trust/safety/safety-page.tsx')).SafetyPage }),
              },
              {
                path: 'audit',
                lazy: async () => ({ Component: (await import('./trust/audit/audit-page.tsx')).AuditPage }),
              },
              {
                path: 'emergency',
                lazy: async () => ({ Component: (await import('./trust/emergency/emergency-page.tsx')).EmergencyPage }),
              },
              {
                path: 'emergency/:id',
                lazy: async () => ({
                  Component: (await import('./trust/emergency/report-page.tsx')).EmergencyReportPage,
                }),
              },
              {
                path: 'alerts',
                lazy: async () => ({ Component: (await import('./trust/alerts/alerts-page.tsx')).AlertsPage }),
              },
              {
                path: 'retention',
                lazy: async () => ({
                  Component: (await import('./trust/retention/retention-page.tsx')).RetentionPage,
                }),
              },
            ],
          },
          {
            path: '/people',
            element: <PeopleFrame />,
            children: [
              {
                index: true,
                lazy: async () => ({ Component: (await import('./people/people-page.tsx')).PeoplePage }),
              },
              {
                path: 'sign-on',
                lazy: async () => ({ Component: (await import('./people/sign-on/sign-on-page.tsx')).SignOnPage }),
              },
              {
                path: 'provisioning',
                lazy: async () => ({
                  Component: (await import('./people/provisioning/provisioning-page.tsx')).ProvisioningPage,
                }),
              },
            ],
          },
          {
            path: '/me',
            lazy: async () => ({ Component: (await import('./me/me-page.tsx')).MePage }),
          },
          { path: '*', element: <NotFoundPage /> },
        ],
      },
    ],
  },
]);

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
