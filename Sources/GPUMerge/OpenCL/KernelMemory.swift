/// What a kernel may have as an argument.
enum KernelMemory {
  case buffer(Buffer)
  case shared(SharedMemory)
}
