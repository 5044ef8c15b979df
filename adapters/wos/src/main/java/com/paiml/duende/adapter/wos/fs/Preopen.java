package com.paiml.duende.adapter.wos.fs;

import java.nio.file.Path;

/**
 * A directory of the host that a process is given.
 *
 * @param host the directory, with no symbolic link in it
 * @param guest what the process calls it
 * @param readOnly whether nothing below it may be changed
 */
public record Preopen(Path host, String guest, boolean readOnly) {}
