/** jose, which makes and checks JSON Web Tokens, enters the project here and nowhere else. */
export * from 'jose';
