/** What a way out for mail is: straight to recipients' own servers, or through relays, and from which addresses. Data only. */

/** A relay that takes mail on. Lower priority is asked first; those of one priority share by weight. */
export interface RelayHost {
  readonly id: string;
  /** Its name, or an IP address. */
  readonly host: string;
  readonly port: number;
  /** `starttls`: whether TLS is a must is the transport policy’s to say. */
  readonly tls: 'implicit' | 'starttls';
  readonly priority: number;
  readonly weight: number;
  readonly login: { readonly user: string; readonly password: string } | null;
  /** SHA-256 of its public key (SPKI), in hexadecimal: whoever shows another one gets nothing. */
  readonly pin: string | null;
}

export interface MailRoute {
  /** Null: the installation’s own. */
  readonly id: string | null;
  readonly name: string;
  readonly kind: 'direct' | 'relay';
  /** Of a relay route: at least one. */
  readonly hosts: readonly RelayHost[];
  /** Of the installation’s; none: any of them. */
  readonly sourceAddresses: readonly string[];
  readonly heloName: string | null;
  /** Who may use its connections: two routes with one user name and different passwords share none. */
  readonly owner: string;
}

/** An address that mail may leave from, with the name that belongs to it. */
export interface SourceAddress {
  readonly address: string;
  readonly heloName: string | null;
}
