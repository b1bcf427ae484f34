/** @peculiar/x509 enters the project here and nowhere else. It needs the reflection of metadata to be there before it. */
import 'reflect-metadata';
export * from '@peculiar/x509';
