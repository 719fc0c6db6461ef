/** What a command could not do, in words for whoever typed it. */
export class CommandFault extends Error {}
