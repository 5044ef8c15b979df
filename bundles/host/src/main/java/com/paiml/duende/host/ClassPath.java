package com.paiml.duende.host;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Where the classes are that every daemon's JVM needs: this bundle's and the API's. */
@FunctionalInterface
interface ClassPath {
  List<Path> entries() throws IOException;
}
