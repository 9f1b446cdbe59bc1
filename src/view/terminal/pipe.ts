/** Ends this process in order when whoever reads its output has seen enough and closes the pipe (`| head`). */
export function endWithPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
