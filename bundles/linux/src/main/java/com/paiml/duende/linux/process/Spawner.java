package com.paiml.duende.linux.process;

import com.paiml.duende.linux.kernel.LinuxException;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Starts programs in children that share this process's memory until they execute theirs, as vfork(2) and posix_spawn(3) make
 * them: nothing is copied, and no handler of ours runs in a child. Safe for several threads; each call blocks for about as long
 * as the kernel needs.
 */
@ProviderType
public interface Spawner extends AutoCloseable {

  /**
   * Starts a program. Once this returns the program has been executed, and the caller owes a {@link
   * Pidfd#reap()} when it has ended.
   *
   * @throws LinuxException with {@code ENOENT}, {@code EACCES}, {@code ENAMETOOLONG}, {@code ELOOP},
   *     {@code E2BIG}, {@code ENOEXEC}, {@code EMFILE}, … and the path or variable at fault; then no
   *     process is left behind
   */
  Pidfd spawn(SpawnRequest request) throws LinuxException;

  /**
   * Prepares a start that is made later, with nothing opened before: files that the child writes to are opened by itself.
   *
   * @return empty when it cannot be made in this way: the child would have another user, namespaces or descriptors of ours, or it
   *     would take more than 128 KiB
   * @throws LinuxException as {@link #spawn}, for what is wrong with the request itself
   */
  Optional<PreparedStart> prepare(SpawnRequest request) throws LinuxException;

  /** Frees what it keeps for its starts; running programs are not touched. */
  @Override
  void close();
}
