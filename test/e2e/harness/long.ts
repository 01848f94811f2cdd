/** Cases that take minutes run where `SLUICE_LONG=1` is set; the default run has a cheap version of each. */
export const LONG = process.env.SLUICE_LONG === '1'
