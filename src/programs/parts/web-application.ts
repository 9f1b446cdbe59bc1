/** What every web server of this project begins with. */
import express, { type Express } from 'express'

/** Express, with one way to write each address: else `/ACCOUNT/` is `/account` to it, and not to who compares paths. */
export function webApplication(): Express {
  return express().disable('x-powered-by').enable('case sensitive routing').enable('strict routing')
}
