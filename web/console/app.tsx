/** Ties theme, data and routes together; each page is loaded when it is first visited. */
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router';
import { styleNonce } from './nonce.ts';
import { queries } from './queries.ts';
import { Gate } from './shell/gate.tsx';
import { NotFoundPage } from './shell/not-found-page.tsx';
import { PageCrash } from './shell/page-crash.tsx';
import { SignInPage } from './sign-in/sign-in-page.tsx';
import { theme } from './theme.ts';

const router = createBrowserRouter([
  { path: '/sign-in', element: <SignInPage />, errorElement: <PageCrash /> },
  {
    element: <Gate />,
    errorElement: <PageCrash />,
    HydrateFallback: () => null,
    children: [
      {
        errorElement: <PageCrash />,
        children: [
          { index: true, element: <Navigate to="/campaigns" replace /> },
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
            path: '/settings',
            lazy: async () => ({ Component: (await import('./settings/settings-page.tsx')).SettingsPage }),
          },
          {
            path: '/api-keys',
            lazy: async () => ({ Component: (await import('./api-keys/api-keys-page.tsx')).ApiKeysPage }),
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
