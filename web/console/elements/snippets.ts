/** Ready commands that send a first message, with a real key where one has just been made. */
const host = window.location.hostname;

export const curlSnippet = (key = 'YOUR_API_KEY'): string => `curl ${window.location.origin}/v1/messages \\
  -H 'Authorization: Bearer ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '{
    "from": "Clinic <care@clinic.example>",
    "to": ["ana@example.org"],
    "subject": "Your appointment",
    "html": "<p>See you on Monday. <a href=\\"https://clinic.example/map\\">How to find us</a></p>",
    "campaign": "First steps"
  }'`;

export const swaksSnippet = (key = 'YOUR_API_KEY'): string => `swaks --server ${host}:2525 --tls \\
  --auth-user apikey --auth-password '${key}' \\
  --from care@clinic.example --to ana@example.org \\
  --header 'Subject: Your appointment' \\
  --header 'X-Waxwing-Campaign: First steps' \\
  --header 'Content-Type: text/html; charset=utf-8' \\
  --body '<p>See you on Monday. <a href="https://clinic.example/map">How to find us</a></p>'`;
