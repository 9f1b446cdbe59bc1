/** Where a peer's datagrams come from and go to. */
export interface Endpoint {
  address: string
  port: number
}
